package train

import (
	"fmt"
	"io"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/checkpoint"
	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/internal/atomicfile"
	"github.com/dvml/dvml/internal/version"
	"github.com/dvml/dvml/run"
)

// Resume continues the run in folder from its newest whole state. data is where its data file lies now, which the run then remembers; empty: where
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
	if t.lock, err = t.Folder.Lock(); err != nil {
		return err
	}
	if t.store, t.info, err = newest(t.Folder, t.watch); err != nil {
		return err
	}
	if t.backend, err = backendOf(c.Backend); err != nil {
		return err
	}
	moved := data != "" && data != c.Data
	if moved {
		c.Data = data
	}
	if t.store == nil {
		return t.beginAgain()
	}
	if err := t.sameSettings(); err != nil {
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

// beginAgain begins the run anew that was stopped before its first state.
func (t *Trainer) beginAgain() error {
	if err := t.Config.Validate(); err != nil {
		return fmt.Errorf("settings:\n%w", err)
	}
	t.watch.Say(fmt.Sprintf("%s was stopped before its first state was saved: the run begins anew", string(t.Folder)))
	if err := t.fresh(); err != nil {
		return err
	}
	if err := t.load(); err != nil {
		return err
	}
	if err := t.describe(); err != nil {
		return err
	}
	return t.settle()
}

// sameSettings compares the folder's settings with those in the state, which are under its checksum. Where the data lies and what computes may change.
func (t *Trainer) sameSettings() error {
	began, err := t.info.Settings()
	if err != nil {
		return fmt.Errorf("the settings in the state after step %d: %w", t.info.Step, err)
	}
	began.Data, began.Backend = t.Config.Data, t.Config.Backend
	before, err := began.Values()
	if err != nil {
		return err
	}
	now, err := t.Config.Values()
	if err != nil {
		return err
	}
	for _, d := range config.Differences(before, now) {
		return fmt.Errorf("%s does not have the settings that the run was trained with: %s is %s, and was %s; set it back, or begin another run with the new settings: `dvml train -c %s`",
			t.Folder.Config(), d.Name, d.Now, d.Before, t.Folder.Config())
	}
	return nil
}

// remember writes the settings anew, into the folder and the states to come.
func (t *Trainer) remember() error {
	text, err := t.Config.YAML()
	if err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	t.info.Config = string(text)
	return atomicfile.Write(t.Folder.Config(), func(w io.Writer) error {
		if _, err := fmt.Fprintf(w, "# Written by dvml %s.\n", version.Get().Build()); err != nil {
			return err
		}
		_, err := w.Write(text)
		return err
	})
}

// newest loads the newest state that is whole, and says which ones are damaged; nil: the folder has no states yet. A file that cannot be read at the moment
// is an error: an older state would be trained on in its place.
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
		if run.Passing(err) {
			return nil, checkpoint.Info{}, fmt.Errorf("the newest state cannot be read: %w; nothing was changed: try again when it can", err)
		}
		w.Say(fmt.Sprintf("%v; trying the one before", err))
	}
	if len(paths) > 0 {
		return nil, checkpoint.Info{}, fmt.Errorf("%s: all of its states are damaged; begin again in another folder: `dvml train -c %s`", string(folder), folder.Config())
	}
	return nil, checkpoint.Info{}, nil
}
