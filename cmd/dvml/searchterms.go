package main

import (
	"context"
	"fmt"
	"time"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/index"
	"github.com/dvml/dvml/internal/plural"
)

// terms are the query without its examples.
func (c *searchCmd) terms(x *dvml.Index) (q index.Query, err error) {
	q = index.Query{K: c.K, Radius: c.Radius, Filter: index.Filter{Classes: c.Class, Folder: c.Folder, IDs: c.ID}}
	if q.Filter.After, err = parseDate("--after", c.After); err != nil {
		return q, err
	}
	if q.Filter.Before, err = parseDate("--before", c.Before); err != nil {
		return q, err
	}
	if c.Least == nil {
		return q, nil
	}
	fitted := x.Calibration()
	if fitted == nil {
		return q, fmt.Errorf("--min-probability: %w", uncalibrated(x))
	}
	within := index.Hit{Score: float32(fitted.LeastSimilar(*c.Least)) - 1e-6}.Distance() // what is a little too far is dropped by its probability
	if q.Radius == 0 || within < q.Radius {
		q.Radius = within
	}
	return q, nil
}

// uncalibrated says what an index without a calibration needs.
func uncalibrated(x *dvml.Index) error {
	made := x.Model().Checkpoint
	return fmt.Errorf("index %s does not know what its scores mean; `%s` fits that on held-out classes, and `%s` takes it over", x.Folder(),
		commandLine("calibrate", made), commandLine("index", made, "-o", x.Folder()))
}

// parseDate reads a day, as it is here, or a moment; empty: none.
func parseDate(option, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if t, err := time.ParseInLocation(time.DateOnly, text, time.Local); err == nil {
		return t, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, fmt.Errorf("%s %s: expected a date such as 2026-01-31 or 2026-01-31T18:00:00Z", option, text)
	}
	return t, nil
}

// holdsThing tells whether what was searched holds the thing that a query of one photograph shows;
// nil where nothing is known of that, or nothing was searched.
func holdsThing(ctx context.Context, x *dvml.Index, q index.Query, hits []index.Hit) (*bool, error) {
	fitted := x.Calibration()
	if fitted == nil || len(q.Like) != 1 || len(q.Unlike) != 0 {
		return nil, nil
	}
	if len(hits) == 0 { // nothing within the radius: the nearest of all decides
		q.K, q.Radius = 1, 0
		var err error
		if hits, err = x.Search(ctx, q); err != nil {
			return nil, err
		}
	}
	if len(hits) == 0 {
		return nil, nil // the filters leave nothing that could hold it
	}
	is := fitted.Open.Known(float64(hits[0].Score))
	return &is, nil
}

// verdict says that in words.
func (s searched) verdict() string {
	o := s.Open
	word, wrong, of := "nothing like it here", o.Missed, "a thing that is there"
	if *s.Known {
		word, wrong, of = "known thing", o.False, "a thing that is not there"
	}
	text := fmt.Sprintf("%s (wrong for %.1f %% of photographs of %s, measured with %s of %s)", word, 100*wrong, of, plural.Of(o.Gallery, "photograph"),
		plural.Of(o.Things, "held-out class"))
	if !*s.Known && len(s.Hits) > 0 {
		text += "; the nearest nevertheless:"
	}
	return text
}
