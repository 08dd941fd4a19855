// Package engine chooses what runs the graphs: the one place where backends are registered and named.
//
//	cpu   this project's own backend (default); cpu:bfloat16 multiplies in bfloat16 where the processor can
//	go    GoMLX's portable backend, a reference
//	xla   XLA over PJRT, with the build tag xla: CUDA, TPU and several devices
package engine

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	_ "github.com/gomlx/compute/gobackend" // registers go

	_ "github.com/dvml/dvml/backend/cpu" // registers cpu
	"github.com/dvml/dvml/internal/spelling"
)

// Variable is the environment variable that names the backend where no flag or setting does.
const Variable = "DVML_BACKEND"

// Default is the backend where nothing names one.
const Default = "cpu"

// New makes the backend called name: NAME or NAME:OPTIONS, as in "xla:cpu". An empty name takes Variable's value, or Default.
func New(name string) (backend compute.Backend, err error) {
	if name == "" {
		name = os.Getenv(Variable)
	}
	if name == "" {
		name = Default
	}
	kind, options, _ := strings.Cut(name, ":")
	if !slices.Contains(Names(), kind) {
		hint := spelling.Hint(kind, Names())
		if kind == "xla" {
			hint = "; this program was built without it: go build -tags xla ./cmd/dvml"
		}
		return nil, fmt.Errorf("engine: there is no backend %q; known are %s%s", name, strings.Join(Names(), ", "), hint)
	}
	if kind == "go" && options == "" {
		name = "go:ops_sequential" // its default schedule hangs on graphs of a network's size
	}
	defer func() { // a plugin that is not there makes the constructor panic
		if r := recover(); r != nil {
			backend, err = nil, fmt.Errorf("engine: backend %s: %v", name, r)
		}
	}()
	if backend, err = compute.NewWithConfig(name); err != nil {
		return nil, fmt.Errorf("engine: backend %s: %w", name, err)
	}
	return backend, nil
}

// Names lists the backends that this program was built with.
func Names() []string {
	names := compute.List()
	slices.Sort(names)
	return names
}
