"""Two years of bike rides in a minute: the whole loop on real data, replayed week by week."""
