// Package dvml is the front door of deep metric learning in Go: open a trained model, turn photographs into embeddings, compare and search them.
//
//	m, err := dvml.Open("run")            // a run's folder, a checkpoint, or published weights of a network
//	...
//	defer m.Close()
//	a, err := m.EmbedFile(ctx, "a.jpg")   // [Dim] float32, of length 1: the nearer two are, the likelier they show the same thing
//
// A photograph is decoded, turned upright, scaled and cropped exactly as the model's training did it: the model remembers how.
//
// Data goes one way through the packages beside this one: imageset reads labelled photographs, store keeps them in one file, sampler, augment and
// loader make batches, backbone and method are the network, loss and mine its objective, train trains it, evaluate judges it. Package method holds
// Deep Variational Metric Learning itself; docs/architecture.md walks through all of them.
package dvml
