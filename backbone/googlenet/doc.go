// Package googlenet is the network that turns images into features: GoogLeNet (Szegedy et al., "Going deeper with convolutions", CVPR 2015)
// in two forms.
//
//   - "original" is Caffe's bvlc_googlenet: convolutions with biases, local response normalisation, max pools that round up. Its weights want
//     BGR, 0..255, less (104, 117, 123).
//   - "bn" is torchvision's: convolutions without bias, each followed by batch norm. Its branch called 5x5 has a 3x3 kernel, and its last max
//     pool a 2x2 window: both are torchvision's. Its weights want RGB, (x/255 - 0.5) / 0.5.
//
// Both take images [B,H,W,3] of any size from [MinSize] and give features [B,F], F = 1024 at width 1. The network is a list of layers
// ([Spec.Layers]) in stages ([Stages]); the graph, the list of variables, the costs and the description for TensorBoard all come from it.
//
// Variables lie in the given scope under Caffe's layer names in both forms, "conv1_7x7_s2/weights"
// [kh,kw,Cin,Cout] and so on, and start from values that depend on the seed and the variable's path
// alone. [Spec.FromFile] finds them in the weight files that circulate.
package googlenet
