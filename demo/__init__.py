"""The demo: a real Home Assistant, and the lab that it is connected to."""
