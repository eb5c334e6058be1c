"""How callers speak to the server: MLflow's protocol and the Open Inference Protocol v2."""
