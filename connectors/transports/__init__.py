"""The transports: one folder a way of travel, each with spec.py, source.py, sink.py and README.md."""
