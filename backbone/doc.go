// Package backbone is the networks that turn images into features: what they have in common
// (Backbone), how settings name them (Spec), and a register of them. Each network is a package
// beside this file, which package networks imports in one line: googlenet, and onnx, which is any
// network of an ONNX file.
//
// A network's variables lie in the scope "backbone" of a model's store, under paths that are the network's own.
package backbone
