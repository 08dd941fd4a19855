// Package method is Deep Variational Metric Learning (Lin, Duan, Dong, Lu, Zhou, ECCV 2018): an embedding network whose heads split what is seen
// of an object into the class-invariant part z_I and the intra-class variation z_V.
//
// # The model
//
//	image [B,H,W,3] -> backbone -> x [B,F]
//	x -> mu, log s^2 [B,D]               the variation's distribution
//	x -> z_I [B,D]                       the embedding: what is kept at test time
//	z_V = mu + s * eps, eps ~ N(0, I)    drawn T times an image
//	z = z_I + z_V                        hard samples out of easy ones
//	z -> decoder -> x_hat [B,F]
//
// # The objective
//
//	L = l1 KL(z_V || N(0,I)) + l2 ||x - x_hat|| + l3 Lm(z) + l4 Lm(z_I)
//
// where Lm is any loss of package loss. A [Phase] says for how long, with which weights, whether the decoder learns and whether the embedding
// part hears the reconstruction. [Method] holds the named choices, [Model] joins a backbone with a method, [Model.Train] builds the graph of
// one training step's losses and [Model.Embed] that of an embedding.
//
// Graphs hold no random state: eps is an input, so that a step is a function of its inputs and weights alone.
package method
