// Package tensorboard writes what TensorBoard shows: scalars, images, histograms, a model's graph and the embedding projector. It also reads
// event files back.
//
// # Event files
//
// A run folder holds files named events.out.tfevents.SECONDS.dvml. A file is a row of records; a record frames one protobuf message
// (tensorflow.Event) by its length and two masked CRC-32C sums, see record.go. The messages are put together field by field with protowire, so
// nothing is generated and TensorFlow is not needed.
//
// # Resuming
//
// Create starts a new file each time. When older files lie in the folder its first event is a session start whose step is Options.PurgeStep + 1:
// TensorBoard (and Read) then drops every event after PurgeStep that came before it, so steps that a resumed run takes again appear once.
// New files sort after old ones, whatever the clock says, because TensorBoard reads files in the order of their names.
//
// # Crashes
//
// Flush writes all events so far through to the disk. A process that dies between two calls of Flush may leave a torn last record; TensorBoard and
// Read stop in front of it and go on with the next file.
//
// Wall time goes into the events, as TensorBoard expects; nothing else here depends on it.
package tensorboard
