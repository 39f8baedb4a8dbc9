"""The codecs: one folder a format, each with spec.py, decode.py, encode.py and README.md."""
