"""A drift report of any rows against any others, with no project set up.

- ``sides``    the two sides: files, folders, globs, or two windows of one
- ``report``   ``make_report``, which compares them
- ``shares``   the share of rows in each bin of a column, to draw
- ``words``    what a report says, in words
- ``plain``    a report as JSON
- ``page``     a report as one HTML file
"""
