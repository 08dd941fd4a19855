package train

import (
	"fmt"
	"io"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/checkpoint"
	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/internal/atomicfile"
	"github.com/dvml/dvml/run"
)

// Resume goes on with the run in folder from its newest whole state. data is where its data file lies now, which the run then remembers; empty: where
// its settings say. backendOf makes the engine that the settings name.
func Resume(folder run.Folder, data string, backendOf func(name string) (compute.Backend, error), w Watcher) (*Trainer, error) {
	c, err := config.Read(folder.Config())
	if err != nil {
		return nil, err
	}
	t := &Trainer{Config: c, Folder: folder, watch: w}
	if err := t.goOn(data, backendOf); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// goOn is Resume behind the settings.
func (t *Trainer) goOn(data string, backendOf func(name string) (compute.Backend, error)) (err error) {
	c := t.Config
	moved := data != "" && data != c.Data
	if moved {
		c.Data = data
	}
	if t.lock, err = t.Folder.Lock(); err != nil {
		return err
	}
	if t.store, t.info, err = newest(t.Folder, t.watch); err != nil {
		return err
	}
	if t.backend, err = backendOf(c.Backend); err != nil {
		return err
	}
	t.saved = t.info.Step
	if err := t.load(); err != nil {
		return err
	}
	if f := t.data.reader.Fingerprint(); f != t.info.Data {
		return fmt.Errorf("%s is not the data that this run began with (its fingerprint is %s, not %s)", c.Data, f, t.info.Data)
	}
	if moved {
		if err := t.remember(); err != nil {
			return err
		}
	}
	return t.prepare()
}

// remember writes the settings anew, into the folder and the states to come.
func (t *Trainer) remember() error {
	text, err := t.Config.YAML()
	if err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	t.info.Config = string(text)
	return atomicfile.Write(t.Folder.Config(), func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

// newest loads the newest state that is whole, and says which ones are not.
func newest(folder run.Folder, w Watcher) (*model.Store, checkpoint.Info, error) {
	paths, err := folder.Checkpoints()
	if err != nil {
		return nil, checkpoint.Info{}, err
	}
	for _, p := range paths {
		s, info, err := checkpoint.LoadTraining(p)
		if err == nil {
			return s, info, nil
		}
		w.Say(fmt.Sprintf("%v; trying the one before", err))
	}
	return nil, checkpoint.Info{}, fmt.Errorf("%s: %w", string(folder), ErrNoState)
}
