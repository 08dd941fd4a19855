package checkpoint

import (
	"fmt"
	"strings"

	"github.com/gomlx/gomlx/ml/model"
)

// While a model trains, the running average of a variable x lies under average/x (AveragePath). In
// a file the two have changed names: there x is the average, which is what the model is used with,
// and trained/x is what training resumes from.
const (
	averageScope = "average/"
	trainedScope = "trained/"
)

// AveragePath is where the running average of the variable at path lies in the store of a model that trains.
func AveragePath(path string) string {
	return "/" + averageScope + strings.TrimPrefix(path, "/")
}

// SwapAverages lets each variable of store that has a running average change its value with it; a second call changes them back.
func SwapAverages(store *model.Store) error {
	for v := range store.IterVariables() {
		a := store.GetVariable(AveragePath(v.Path()))
		if a == nil {
			continue
		}
		value, err := v.Value()
		if err != nil {
			return fmt.Errorf("checkpoint: variable %s: %w", v.Path(), err)
		}
		average, err := a.Value()
		if err != nil {
			return fmt.Errorf("checkpoint: variable %s: %w", a.Path(), err)
		}
		if err := v.SetValuePreservingOld(average); err != nil {
			return fmt.Errorf("checkpoint: variable %s: %w", v.Path(), err)
		}
		if err := a.SetValuePreservingOld(value); err != nil {
			return fmt.Errorf("checkpoint: variable %s: %w", a.Path(), err)
		}
	}
	return nil
}

// nameInFile is the name that the variable at path of a store in training has in a file.
func nameInFile(store *model.Store, path string) string {
	name := strings.TrimPrefix(path, "/")
	if averaged, ok := strings.CutPrefix(name, averageScope); ok {
		return averaged
	}
	if store.GetVariable(AveragePath(path)) != nil {
		return trainedScope + name
	}
	return name
}

// nameInTraining undoes nameInFile; has reports what else the file holds.
func nameInTraining(name string, has func(name string) bool) string {
	if trained, ok := strings.CutPrefix(name, trainedScope); ok {
		return trained
	}
	if has(trainedScope + name) {
		return averageScope + name
	}
	return name
}
