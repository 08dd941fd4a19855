// Package onnx is the room of networks from ONNX models: it reads them, finds what serves as their
// features, and builds them as graphs that are cut, frozen and trained like any other backbone.
//
// [New] makes a [Network] of a model: functions are inlined, constants folded, conditions settled.
// What cannot be built exactly is refused by operation, node and opset. [Backbone] is a network up to
// its features; its structure goes into checkpoints, so that they need no other file.
package onnx
