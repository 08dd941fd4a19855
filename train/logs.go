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

// logs are a run's table, events and curves, and what the watcher hears.
type logs struct {
	t      *Trainer
	table  *run.Table
	events *tensorboard.Writer
	times  []time.Duration // of the last steps
}

// recent is how many steps the rate is taken over.
const recent = 20

func openLogs(t *Trainer) (*logs, error) {
	columns := append([]string{"phase", "images_per_second"}, logged(t.Config)...)
	for _, g := range config.Groups {
		columns = append(columns, "rate_"+g)
	}
	columns = append(append(columns, evaluate.MetricNames(t.Config.Evaluate.K)...), run.HeldOutSpread)
	l := &logs{t: t}
	var err error
	if l.table, err = run.OpenTable(t.Folder.Metrics(), columns, t.info.Step); err != nil {
		return nil, err
	}
	if l.events, err = tensorboard.Create(t.Folder.Events(), tensorboard.Options{PurgeStep: t.info.Step}); err != nil {
		l.table.Close()
		return nil, fmt.Errorf("train: events: %w", err)
	}
	return l, nil
}

func (l *logs) close() error { return errors.Join(l.table.Close(), l.events.Close()) }

// step logs the step just taken, with its last batch.
func (l *logs) step(phase int, values map[string]float64, b shown, took time.Duration) error {
	t, c := l.t, l.t.Config
	l.times = append(l.times, took)
	l.times = l.times[max(0, len(l.times)-recent):]
	var sum time.Duration
	for _, d := range l.times {
		sum += d
	}
	each := sum / time.Duration(len(l.times))
	p := Progress{
		Step: t.info.Step, Steps: c.Steps(), Phase: phase + 1, Phases: len(c.Phases),
		Values:          values,
		ImagesPerSecond: float64(len(b.index)*c.Accumulate) / each.Seconds(),
		Left:            each * time.Duration(c.Steps()-t.info.Step),
		Logged:          t.info.Step%c.Log.Every == 0,
	}
	if p.Logged {
		if err := l.record(p, b); err != nil {
			return err
		}
	}
	t.watch.Step(p)
	return nil
}

// record writes a logged step to the table and the events.
func (l *logs) record(p Progress, b shown) error {
	t, c := l.t, l.t.Config
	row := run.Row{Step: p.Step, Values: maps.Clone(p.Values)}
	row.Values["phase"], row.Values["images_per_second"] = float64(p.Phase), p.ImagesPerSecond
	factor := c.Factor(p.Step - 1)
	for g, rate := range c.RatesOf(p.Phase - 1).List() {
		row.Values["rate_"+config.Groups[g]] = rate * factor
	}
	if err := l.table.Add(row); err != nil {
		return fmt.Errorf("train: metrics: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(row.Values)) {
		if err := l.events.Scalar("train/"+name, p.Step, row.Values[name]); err != nil {
			return fmt.Errorf("train: events: %w", err)
		}
	}
	if b.images != nil && (p.Step == 1 || p.Step%(10*c.Log.Every) == 0) {
		if err := l.events.Image("train/batch", p.Step, t.batchPicture(b.images)); err != nil {
			return fmt.Errorf("train: events: %w", err)
		}
	}
	return l.events.Histogram("train/z_i", p.Step, b.zi)
}

// metrics logs an evaluation, with the spread of its embeddings.
func (l *logs) metrics(m map[string]float64, spread float64) error {
	step := l.t.info.Step
	row := run.Row{Step: step, Values: maps.Clone(m)}
	row.Values[run.HeldOutSpread] = spread
	if err := l.table.Add(row); err != nil {
		return fmt.Errorf("train: metrics: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(row.Values)) {
		if err := l.events.Scalar("test/"+name, step, row.Values[name]); err != nil {
			return fmt.Errorf("train: events: %w", err)
		}
	}
	l.t.watch.Evaluation(step, m)
	return l.events.Flush()
}

func (l *logs) flush() error {
	if err := l.table.Sync(); err != nil {
		return fmt.Errorf("train: metrics: %w", err)
	}
	if err := l.events.Flush(); err != nil {
		return fmt.Errorf("train: events: %w", err)
	}
	return nil
}
