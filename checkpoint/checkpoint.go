// Package checkpoint keeps the whole state of a model in one safetensors file: every variable under
// its path, and beside them what is needed to use them or to go on training. Files are written
// aside, synced and renamed, and carry a checksum, so that a torn one is recognised (see
// weights.ErrTorn) and a reader of safetensors in any language can open them.
package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/augment"
	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/calibrate"
	"github.com/dvml/dvml/internal/version"
	"github.com/dvml/dvml/weights"
)

// ErrForeign is wrapped by Load's error for a file of weights that dvml did not write; ReadBackbone may understand it.
var ErrForeign = errors.New("holds weights but is not a checkpoint of dvml")

// Info is what a checkpoint holds beside the variables.
type Info struct {
	// Config is the run's full configuration, YAML.
	Config string `json:"config"`
	// Step is how many steps were taken.
	Step int `json:"step"`
	// Taken counts the steps that each optimiser group has taken, in the optimiser's order.
	Taken []int `json:"taken,omitempty"`
	// Stop is where early stopping stands.
	Stop Stop `json:"stop,omitzero"`
	// Idle counts the batches so far that had no active triplet or pair.
	Idle int `json:"idle,omitempty"`
	// Classes is how many classes the training set has.
	Classes int `json:"classes"`
	// Names are the names of these classes, in the order of their numbers.
	Names []string `json:"names,omitempty"`
	// Prepared is how the photographs of the data file were made into squares, so that others are made so too when they are searched for.
	Prepared Prepared `json:"prepared,omitzero"`
	// Data is the fingerprint of the data file.
	Data string `json:"data,omitempty"`
	// Best is the best value of the chosen metric so far, at BestStep; BestStep is -1 before the first evaluation.
	Best     float64 `json:"best"`
	BestStep int     `json:"best_step"`
	// Metrics are the held-out metrics at this step where it was evaluated.
	Metrics map[string]float64 `json:"metrics,omitempty"`
	// Features are the held-out metrics of the untrained backbone's features, where the run began with measuring them.
	Features map[string]float64 `json:"features,omitempty"`
	// Normalisation is what the backbone wants of an image.
	Normalisation augment.Normalisation `json:"normalisation"`
	// Structure, Size and BatchNorm are the backbone's: see backbone.Backbone and backbone.Imported.
	Structure []byte `json:"structure,omitempty"`
	Size      int    `json:"size,omitempty"`
	BatchNorm bool   `json:"batch_norm,omitempty"`
	// Calibration says what similarities mean, where it was fitted to this state's embeddings of the held-out classes.
	Calibration *calibrate.Calibration `json:"calibration,omitempty"`
	// Program is the build of dvml that wrote the variables.
	Program string `json:"program,omitempty"`
	// Int32 names the variables that are int32 in a model (their values are small and kept as float32).
	Int32 []string `json:"int32,omitempty"`
}

// Prepared is how a photograph became a stored square.
type Prepared struct {
	Size int    `json:"size"`          // its side in pixels
	Fit  string `json:"fit,omitempty"` // stretch, crop or pad, as package imageset has them; empty: stretch, or the data file does not say
}

// Stop is the state of early stopping.
type Stop struct {
	Best  float64 `json:"best"` // value of the metric, after Step
	Step  int     `json:"step"`
	Seen  int     `json:"seen"`  // evaluations so far
	Since int     `json:"since"` // evaluations since the best
	Done  bool    `json:"done"`  // whether the run has stopped
}

const infoKey = "dvml"

// Scratch is the scope of variables that hold nothing worth keeping between two steps. They are not saved.
const Scratch = "/scratch"

// Save writes store, which is in training, and info to path. Weights and their running averages change names: see AveragePath.
func Save(path string, store *model.Store, info Info) error {
	file := &weights.File{Tensors: map[string]weights.Tensor{}, Meta: map[string]string{}}
	for v := range store.IterVariables() {
		if strings.HasPrefix(v.Path(), Scratch+"/") {
			continue
		}
		value, err := v.Value()
		if err != nil {
			return fmt.Errorf("checkpoint: variable %s: %w", v.Path(), err)
		}
		data, err := flat(value)
		if err != nil {
			return fmt.Errorf("checkpoint: variable %s: %w", v.Path(), err)
		}
		name := nameInFile(store, v.Path())
		if value.DType() == dtypes.Int32 {
			info.Int32 = append(info.Int32, name)
		}
		file.Tensors[name] = weights.Tensor{Shape: value.Shape().Dimensions, Data: data}
	}
	info.Int32 = slices.Compact(slices.Sorted(slices.Values(info.Int32)))
	info.Program = version.Get().Build()
	text, err := json.Marshal(info)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	file.Meta[infoKey] = string(text)
	file.Meta[backbone.MetaNormalisation] = backbone.EncodeNormalisation(info.Normalisation)
	if err := weights.WriteSafetensors(path, file); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}

// Load reads a checkpoint that Save wrote into a new store, for use: where the run kept running
// averages of its weights, they are the weights.
func Load(path string) (*model.Store, Info, error) {
	return load(path, func(name string, _ func(string) bool) string { return name })
}

// LoadTraining reads a checkpoint that Save wrote into a new store, to go on training: the store is the one that was saved.
func LoadTraining(path string) (*model.Store, Info, error) { return load(path, nameInTraining) }

func load(path string, rename func(name string, has func(name string) bool) string) (*model.Store, Info, error) {
	file, err := weights.Read(path)
	if err != nil {
		return nil, Info{}, fmt.Errorf("checkpoint: %w", err)
	}
	info, own, err := description(path, file)
	if err != nil {
		return nil, Info{}, err
	}
	if !own {
		return nil, Info{}, fmt.Errorf("checkpoint: %s %w; `dvml import` makes a backbone of it", path, ErrForeign)
	}
	has := func(name string) bool {
		_, ok := file.Tensors[name]
		return ok
	}
	store := model.NewStore()
	for _, name := range slices.Sorted(maps.Keys(file.Tensors)) {
		t := file.Tensors[name]
		value := tensors.FromFlatDataAndDimensions(t.Data, t.Shape...)
		if slices.Contains(info.Int32, name) {
			value = tensors.FromFlatDataAndDimensions(toInt32(t.Data), t.Shape...)
		}
		if _, err := store.CreateVariable("/"+rename(name, has), value); err != nil {
			return nil, Info{}, fmt.Errorf("checkpoint: %s: %w", path, err)
		}
	}
	return store, info, nil
}

// description reads what a checkpoint says beside its variables; own is false for files that dvml did not write.
func description(path string, file *weights.File) (info Info, own bool, err error) {
	text, ok := file.Meta[infoKey]
	if !ok {
		return Info{}, false, nil
	}
	info.BestStep = -1
	if err := json.Unmarshal([]byte(text), &info); err != nil {
		return Info{}, true, fmt.Errorf("checkpoint: %s: its description is not readable: %w", path, err)
	}
	return info, true, nil
}

// flat returns the values of a float32 or int32 tensor as float32.
func flat(t *tensors.Tensor) ([]float32, error) {
	switch t.DType() {
	case dtypes.Float32:
		return tensors.CopyFlatData[float32](t)
	case dtypes.Int32:
		ints, err := tensors.CopyFlatData[int32](t)
		values := make([]float32, len(ints))
		for i, n := range ints {
			values[i] = float32(n)
		}
		return values, err
	}
	return nil, fmt.Errorf("its type is %s; float32 and int32 are kept", t.DType())
}

func toInt32(values []float32) []int32 {
	ints := make([]int32, len(values))
	for i, v := range values {
		ints[i] = int32(v)
	}
	return ints
}
