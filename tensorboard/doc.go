// Package tensorboard writes what TensorBoard shows of a training run: scalars, histograms, images, the model's graph and the embedding
// projector. It needs neither Python nor TensorFlow.
//
// A [Writer] appends to one new event file in a folder. An event file is a sequence of TFRecords,
// each a length and a payload with a checksum of each (masked CRC-32C); a payload is one protocol
// buffer Event with a wall time, a step and what happened. The projector's data lie beside the
// event file as plain files, named by projector_config.pbtxt.
//
// # Resumed runs
//
// A run that was killed has written events of steps after its last checkpoint, and the resumed run takes these steps again. The resumed run
// opens a new event file (the old ones are never touched) with [Options.PurgeStep], the step that it goes on from; the new file then begins
// with a mark that tells TensorBoard to drop the older files' later events, so that no step shows twice. Of the graph and the projector the
// last one written shows. Event files are read in the order of their names, which begin with the time; Create takes care that a new file's
// name is last even if the clock went back.
//
// The last record of a killed run may be torn. TensorBoard and [Read] stop there, and go on with the next file.
package tensorboard
