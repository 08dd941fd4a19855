// Package run is what a training run leaves on disk: its folder and the table of its losses and
// metrics. Whoever reads runs (experiment, diagnose, a report) needs no trainer for it.
package run
