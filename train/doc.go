// Package train trains a model: the loop, and the parts that it is made of.
//
//	New or Resume     checks the settings, opens the data, makes the model
//	Trainer.Run       openCache, then stretch after stretch until no step is left
//	  stretch         the steps that share one graph: take, evaluate when it is due, save when it is due
//	    take          next batch, forward and backward, update, log
//
// The parts are given what they need and know nothing of the trainer: step is the compiled graph of a phase's steps (its inputs: see inputs), batches give
// images or cached features in an order that the seed fixes, evaluator measures the held-out classes, logs write the table, TensorBoard's events and the
// curves, troubles looks for batches that teach nothing and for collapse, stopper ends a run early.
//
// The state of a run is its variables and a checkpoint.Info. Everything else is a function of settings, seed and step: a run that was stopped, by a signal or
// by a power cut, is resumed from its newest state and ends in the same bits as if it had not been.
package train
