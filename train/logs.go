package train

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/evaluate"
	"github.com/dvml/dvml/run"
	"github.com/dvml/dvml/tensorboard"
)

// logs are a run's table, events and curves, and what the watcher is told.
type logs struct {
	config *config.Config
	folder run.Folder
	watch  Watcher
	table  *run.Table
	events *tensorboard.Writer
	pace   *pace

	drawn   time.Time // the curves, or the beginning
	undrawn bool      // whether there is something new since
}

// openLogs opens the logs of a run whose newest state is after step, -1: it has none.
func openLogs(folder run.Folder, c *config.Config, step int, w Watcher, pace *pace) (*logs, error) {
	names := append([]string{"phase", "images_per_second"}, logged(c.Method)...)
	for _, g := range config.Groups {
		names = append(names, "rate_"+g)
	}
	names = append(append(names, evaluate.MetricNames(c.Evaluate.K)...), run.HeldOutSpread)
	l := &logs{config: c, folder: folder, watch: w, pace: pace, drawn: time.Now()}
	var err error
	if l.table, err = run.OpenTable(folder.Metrics(), names, step); err != nil {
		return nil, err
	}
	if l.events, err = tensorboard.Create(folder.Events(), tensorboard.Options{PurgeStep: max(step, 0)}); err != nil {
		l.table.Close()
		return nil, fmt.Errorf("events: %w", err)
	}
	return l, nil
}

func (l *logs) close() error { return errors.Join(l.table.Close(), l.events.Close()) }

// step logs the step just taken, the n-th, of phase (from 0), with its last batch.
func (l *logs) step(n, phase int, values map[string]float64, b shown, took time.Duration) error {
	c := l.config
	k := spans(c, n-1)[0].kind
	l.pace.add(k, took)
	p := Progress{
		Step: n, Steps: c.Steps(), Phase: phase + 1, Phases: len(c.Phases),
		Values:          values,
		ImagesPerSecond: float64(len(b.whole)*c.Accumulate) / max(l.pace.of(k), 1).Seconds(),
		Left:            l.pace.left(n),
		Logged:          n%c.Log.Every == 0,
	}
	if p.Logged {
		if err := l.record(p, b); err != nil {
			return err
		}
	}
	l.watch.Step(p)
	return nil
}

// record writes a logged step to the table and the events.
func (l *logs) record(p Progress, b shown) error {
	c := l.config
	l.undrawn = true
	row := run.Row{Step: p.Step, Values: maps.Clone(p.Values)}
	row.Values["phase"], row.Values["images_per_second"] = float64(p.Phase), p.ImagesPerSecond
	factor := c.Factor(p.Step - 1)
	for g, rate := range c.RatesOf(p.Phase - 1).List() {
		row.Values["rate_"+config.Groups[g]] = rate * factor
	}
	if err := l.write("train/", row); err != nil {
		return err
	}
	if b.images != nil && (p.Step == 1 || p.Step%(10*c.Log.Every) == 0) {
		if err := l.events.Image("train/batch", p.Step, batchPicture(b.images, c.Image)); err != nil {
			return fmt.Errorf("events: %w", err)
		}
	}
	return l.events.Histogram("train/z_i", p.Step, b.zi)
}

// metrics logs the evaluation after step, with the spread of its embeddings.
func (l *logs) metrics(step int, m map[string]float64, spread float64) error {
	row := run.Row{Step: step, Values: maps.Clone(m)}
	row.Values[run.HeldOutSpread] = spread
	if err := l.write("test/", row); err != nil {
		return err
	}
	l.undrawn = true
	l.watch.Evaluation(step, m)
	return l.events.Flush()
}

// write adds a row to the table, and its values to the events under scope.
func (l *logs) write(scope string, row run.Row) error {
	if err := l.table.Add(row); err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(row.Values)) {
		if err := l.events.Scalar(scope+name, row.Step, row.Values[name]); err != nil {
			return fmt.Errorf("events: %w", err)
		}
	}
	return nil
}

func (l *logs) flush() error {
	if err := l.table.Sync(); err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	if err := l.events.Flush(); err != nil {
		return fmt.Errorf("events: %w", err)
	}
	return nil
}
