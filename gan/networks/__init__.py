"""Functions that build networks: each returns a functional `keras.Model` with named stages."""
