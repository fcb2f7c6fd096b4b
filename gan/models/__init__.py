"""Training algorithms: `keras.Model` subclasses whose `train_step` is the algorithm."""
