package backbone

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dvml/dvml/augment"
	"github.com/dvml/dvml/weights"
)

// Spec is what settings say of a network.
type Spec struct {
	// Network is the name it is registered under; empty: googlenet.
	Network string `yaml:"network,omitempty"`
	// Form is one of the network's forms, where it has several.
	Form string `yaml:"form"`
	// Width multiplies the channels of every layer, for small machines, where the network can; weights that circulate fit width 1 only.
	Width float64 `yaml:"width"`
	// FreezeStatistics makes batch norm use its running averages in training too and leave them as
	// they are. It says nothing of scale and offset, which keep learning.
	FreezeStatistics bool `yaml:"freeze_statistics"`
	// Output names the tensor that is taken for the features, where a network has several; empty: the network's own choice.
	Output string `yaml:"output,omitempty"`
}

// Default is the network where settings name none.
const Default = "googlenet"

// Room is a kind of network.
type Room interface {
	// Check reports the first setting that is out of its range, by its name in the settings file.
	// It is all that can be told without the structure.
	Check(s Spec) error
	// New makes a network; structure is what its Structure gave, nil where there is none.
	New(s Spec, structure []byte) (Backbone, error)
	// Read finds such a network in the file at path, whose tensors are f. Its error wraps ErrOther where the file holds none.
	Read(path string, f *weights.File, o Options) (Imported, error)
}

// Options say of a network in a file what the file does not.
type Options struct {
	Output        string                 // the tensor that is taken for the features; empty: the network's own choice
	Size          int                    // the side of the images; 0: the network's own
	Normalisation *augment.Normalisation // what the weights want; nil: what the file says
}

// ErrOther is wrapped by the error of Room.Read for a file that does not hold the room's kind of network.
var ErrOther = errors.New("not a network of this kind")

var rooms = map[string]Room{}

// Register makes a kind of network known under a name. It is called from a room's init.
func Register(name string, r Room) { rooms[name] = r }

// room returns the room of a network.
func (s Spec) room() (Room, error) {
	name := s.Network
	if name == "" {
		name = Default
	}
	r, ok := rooms[name]
	if !ok {
		return nil, fmt.Errorf("backbone.network is %q; it is one of %s", name, strings.Join(slices.Sorted(maps.Keys(rooms)), ", "))
	}
	return r, nil
}

// Validate reports the first setting that is out of its range, by its name in the settings file.
func (s Spec) Validate() error {
	r, err := s.room()
	if err != nil {
		return err
	}
	return r.Check(s)
}

// Open makes the network that settings describe. structure is what Backbone.Structure gave, nil where there is none.
func Open(s Spec, structure []byte) (Backbone, error) {
	r, err := s.room()
	if err != nil {
		return nil, err
	}
	return r.New(s, structure)
}

// Imported is a network with its weights, found in a file.
type Imported struct {
	Network       Backbone
	Tensors       map[string]weights.Tensor // by the path of the variable in the backbone's scope, in the variable's layout
	Normalisation augment.Normalisation     // what the weights want
	Naming        string                    // whose names the file uses, in words
	Ignored       []string                  // names of the file's tensors that are no part of the backbone: classifiers, counters, heads
	Size          int                       // side of the images that the network was made for, the only one it takes; 0: any
	BatchNorm     bool                      // whether it has batch norm, whose statistics can be frozen
	Prepared      *Prepared                 // how photographs become its images, where the file says so
}

// Read finds a network with its weights in the file at path, whose tensors are f, whatever kind it is.
func Read(path string, f *weights.File, o Options) (Imported, error) {
	var problems []string
	var nearly error // of a room whose kind the file seems to be; the last, for one kind's names may be met in another's files
	for _, name := range slices.Sorted(maps.Keys(rooms)) {
		in, err := rooms[name].Read(path, f, o)
		if err == nil {
			return in, in.Check()
		}
		if !errors.Is(err, ErrOther) {
			nearly = err
		}
		problems = append(problems, err.Error())
	}
	if nearly != nil {
		return Imported{}, nearly
	}
	return Imported{}, fmt.Errorf("no network that is known here: %s", strings.Join(problems, "; "))
}

// Check reports weights that no training gives and that would spoil everything computed with them, by the tensor's name.
func (in Imported) Check() error {
	for _, path := range slices.Sorted(maps.Keys(in.Tensors)) {
		for i, v := range in.Tensors[path].Data {
			if v-v != 0 { // NaN and infinities
				return fmt.Errorf("the weights %s hold %g at place %d: the file is damaged, or its training had diverged; use an earlier one", path, v, i)
			}
		}
	}
	return nil
}

// MetaNormalisation is the key of a file's metadata under which the normalisation that its weights want may stand, as
// EncodeNormalisation writes it. Where it is absent the file's naming tells: Caffe's weights want augment.Caffe and so on.
const MetaNormalisation = "normalisation"

// EncodeNormalisation returns the text of a normalisation for MetaNormalisation.
func EncodeNormalisation(n augment.Normalisation) string {
	text, err := json.Marshal(n)
	if err != nil {
		panic(err) // three numbers and a bool; NaN is the only way here
	}
	return string(text)
}
