"""The demo: skyband on a simulated sky, from files to a classified catalogue."""
