package main

import (
	"strconv"

	"github.com/dvml/dvml/evaluate"
)

// judgedJSON is what eval --json prints. What was not measured is null, so that nobody takes it for
// a bad figure: NMI and F1 with --no-clusters, the retrieval metrics where no query has anything to
// find.
type judgedJSON struct {
	Images       int                `json:"images"`
	Dim          int                `json:"dim"`
	Gallery      int                `json:"gallery"` // images that the others search; 0: all search one another
	Note         string             `json:"note,omitempty"`
	Queries      int                `json:"queries"` // with something to find
	Lone         int                `json:"lone"`    // without
	Recall       map[string]measure `json:"recall"`  // by K
	MAPR         measure            `json:"map_at_r"`
	RPrecision   measure            `json:"r_precision"`
	MRR          measure            `json:"mrr"`
	MAP          measure            `json:"map"`
	Clusters     *int               `json:"clusters"`
	NMI          measure            `json:"nmi"`
	F1           measure            `json:"f1"`
	Inertia      measure            `json:"inertia"`
	Verification *verificationJSON  `json:"verification"`
	PerClass     []classFigures     `json:"per_class,omitempty"`
}

// measure is a measured number with its 95% interval where one was asked for, or null.
type measure = *measureJSON

type measureJSON struct {
	Value float64  `json:"value"`
	Low   *float64 `json:"low,omitempty"`
	High  *float64 `json:"high,omitempty"`
	Error *float64 `json:"standard_error,omitempty"` // where pairs were sampled
}

type verificationJSON struct {
	AUC       measure    `json:"auc"`
	EER       measure    `json:"eer"`
	Threshold float64    `json:"threshold"` // similarity at the equal error rate
	FNMR      []fnmrJSON `json:"fnmr"`
	Genuine   uint64     `json:"genuine_pairs"`
	Impostors uint64     `json:"impostor_pairs"`
	Sampled   int        `json:"sampled_queries"` // 0: all pairs
}

type fnmrJSON struct {
	FMR       float64 `json:"fmr"`
	FNMR      measure `json:"fnmr"`
	Threshold float64 `json:"threshold"`
}

// number is a figure with what is known of its scatter; nil where it was not measured.
func number(measured bool, value float64, in *evaluate.Interval, se *float64) measure {
	if !measured {
		return nil
	}
	f := &measureJSON{Value: value, Error: se}
	if in != nil {
		f.Low, f.High = &in.Low, &in.High
	}
	return f
}

// json is j as it is printed.
func (j *judged) json() judgedJSON {
	found, clustered, between := j.Queries > 0, j.Clusters > 0, j.Intervals
	if between == nil {
		between = &evaluate.Intervals{Recall: make([]evaluate.Interval, len(j.K))}
	}
	interval := func(i evaluate.Interval) *evaluate.Interval {
		if j.Intervals == nil {
			return nil
		}
		return &i
	}
	out := judgedJSON{
		Images: j.Images, Dim: j.Dim, Gallery: j.Gallery, Note: j.Note, Queries: j.Queries, Lone: j.Lone, Recall: map[string]measure{},
		MAPR:       number(found, j.MAPR, interval(between.MAPR), nil),
		RPrecision: number(found, j.RPrecision, interval(between.RPrecision), nil),
		MRR:        number(found, j.MRR, interval(between.MRR), nil),
		MAP:        number(found, j.MAP, interval(between.MAP), nil),
		NMI:        number(clustered, j.NMI, nil, nil),
		F1:         number(clustered, j.F1, nil, nil),
		Inertia:    number(clustered, j.Inertia, nil, nil),
		PerClass:   j.PerClass,
	}
	for i, k := range j.K {
		out.Recall[strconv.Itoa(k)] = number(found, j.Recall[i], interval(between.Recall[i]), nil)
	}
	if clustered {
		out.Clusters = &j.Clusters
	}
	if j.Verification != nil {
		out.Verification = verified(j.Verification)
	}
	return out
}

func verified(v *evaluate.Verification) *verificationJSON {
	out := &verificationJSON{Threshold: v.Threshold, Genuine: v.Genuine, Impostors: v.Impostors, Sampled: v.Sampled}
	s := scatterOf(v)
	out.AUC, out.EER = number(true, v.AUC, s.aucs, s.auc), number(true, v.EER, s.eers, s.eer)
	for i, at := range v.FNMR {
		in, se := s.fnmr(i)
		out.FNMR = append(out.FNMR, fnmrJSON{at.FMR, number(true, at.FNMR, in, se), at.Threshold})
	}
	return out
}

// scatter is what is known of how far figures of verification scatter; nil where nothing is.
type scatter struct {
	of         *evaluate.Verification
	auc, eer   *float64 // standard errors
	aucs, eers *evaluate.Interval
}

func scatterOf(v *evaluate.Verification) scatter {
	s := scatter{of: v}
	if v.Errors != nil {
		s.auc, s.eer = &v.Errors.AUC, &v.Errors.EER
	}
	if v.Intervals != nil {
		s.aucs, s.eers = &v.Intervals.AUC, &v.Intervals.EER
	}
	return s
}

func (s scatter) fnmr(i int) (in *evaluate.Interval, se *float64) {
	if s.of.Errors != nil {
		se = &s.of.Errors.FNMR[i]
	}
	if s.of.Intervals != nil {
		in = &s.of.Intervals.FNMR[i]
	}
	return in, se
}
