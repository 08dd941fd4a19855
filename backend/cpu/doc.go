// Package cpu is a GoMLX backend for CPUs in pure Go and Go assembly: nothing to install, no cgo.
//
// # Mental model
//
// A computation is recorded while GoMLX's portable backend builds the same one beside it (function.go), so shapes and types are checked as it is
// built. Compile turns the record into steps: patterns are recognised (fuse.go lists the passes), element-wise operations that feed each other become groups
// that run tile by tile in one pass over memory (group.go, groupsum.go, program.go), convolutions, products, pooling, reductions and moves of data go to the
// kernels of package kernel, and what has no kernel runs on the portable backend, neighbours as one computation (portable.go). Computations with control
// flow, functions, dynamic or empty shapes run there as a whole.
//
// Every tensor that lives inside has its place in one arena, planned by lifetimes (compile.go). An execution takes a workspace: the arena and where
// each tensor is. Executables keep workspaces, so several executions may run at once, each in its own.
//
// # Determinism
//
// Work is cut by shapes and the number of workers alone: the same inputs and the same number of workers give the same bits.
package cpu
