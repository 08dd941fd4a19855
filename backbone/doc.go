// Package backbone is the networks that turn images into features: what they have in common (Backbone), how settings name them (Spec), and a register
// of them. Each network is a room of its own beside this file, which the program knows by one line that imports it: googlenet is the first.
//
// A network's variables lie in the scope "backbone" of a model's store, under paths that are the network's own.
package backbone
