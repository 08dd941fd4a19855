package report

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
)

// sample is a report of made numbers with everything that a report can hold, and text that must be escaped.
func sample() Report {
	rng := rand.New(rand.NewPCG(1, 2))
	metrics := []Metric{{Key: "R@1", Percent: true}, {Key: "R@8", Percent: true}, {Key: "NMI"}, {Key: "F1"}, {Key: "loss", Name: "test loss", Lower: true}}
	run := func(name string, final float64, seeds int) Run {
		r := Run{Name: name, Settings: []Setting{{"batch", "128"}, {"dimension", "512"}, {"objective", name}, {"lambda1", fmt.Sprint(final)}}}
		for s := range seeds {
			seed := Seed{Seed: uint64(s + 1), Metrics: map[string]float64{}, Seconds: 1800 + 40*float64(s)}
			end := final + 0.02*rng.NormFloat64()
			recall, loss := Curve{Name: "Recall@1"}, Curve{Name: "L4"}
			for step := 0; step <= 2000; step += 100 {
				recall.X = append(recall.X, float64(step))
				recall.Y = append(recall.Y, end-(end-0.3)*math.Exp(-float64(step)/500)+0.006*rng.NormFloat64())
			}
			for step := 0; step < 2000; step++ {
				y := 0.8*math.Exp(-float64(step)/600) + 0.05 + 0.02*rng.NormFloat64()
				if step == 700 {
					y = math.NaN()
				}
				loss.X, loss.Y = append(loss.X, float64(step)), append(loss.Y, max(y, 0.002))
			}
			seed.Curves = []Curve{recall, loss}
			seed.Metrics["R@1"], seed.Metrics["R@8"], seed.Metrics["NMI"] = end, end+0.2, end+0.03
			seed.Metrics["F1"], seed.Metrics["loss"] = end-0.2, 1-end
			r.Seeds = append(r.Seeds, seed)
		}
		return r
	}
	untrained := Run{
		Name: "untrained features", About: "Pooled features of the ImageNet network, centre crop.",
		Seeds: []Seed{{Metrics: map[string]float64{"R@1": 0.457, "R@8": 0.805, "NMI": 0.45, "F1": 0.099}}},
	}
	plain := run("triplet", 0.44, 3)
	plain.Published = &Published{
		Source: "Lin et al. 2018", Metrics: map[string]float64{"R@1": 0.585, "R@8": 0.842, "NMI": 0.562, "F1": 0.213},
		Differs: "all 16,185 photographs, uncut, and 20,000 steps.",
	}
	deep := run("DVML + triplet", 0.55, 3)
	deep.Published = &Published{Source: "Lin et al. 2018", Metrics: map[string]float64{"R@1": 0.643, "R@8": 0.851, "NMI": 0.611, "F1": 0.282}}
	proxy := run(`proxy <anchor> & "friends"`, 0.51, 1)
	proxy.Notes = []string{"One seed only: its deviation is not known."}

	return Report{
		Title:    "Does the variance of a class help to tell classes apart?",
		Subtitle: "Cars196, 8,144 photographs · GoogLeNet, ImageNet weights · 227 px · two cores",
		Summary: "These numbers are made up to show the page.\n\nOn held-out classes, DVML around the triplet loss finds a photograph of the same class first in 55 % " +
			"of all queries, plain triplet training in 44 %.",
		Notes: []string{
			"Half of the data: the published numbers use all 16,185 photographs, here are 8,144, already cut to the car.",
			"2,000 steps instead of 20,000, so that an hour of two cores is enough.",
		},
		Metrics: metrics,
		Runs:    []Run{untrained, plain, deep, proxy},
		Charts: []Chart{
			{Title: "Recall@1 on held-out classes", XLabel: "step", YLabel: "Recall@1", Curve: "Recall@1", Levels: []Level{{"untrained .457", 0.457}}},
			{Title: "Metric loss L4", XLabel: "step", YLabel: "L4", Curve: "L4", Log: true},
			{Title: "Not logged by anyone", Curve: "L9"},
		},
		Sections: []Section{
			{
				Title: "Neighbours", Text: "Queries on the left.", Notes: []string{"Photographs are squares cut from the middle."},
				Pictures: []Picture{
					{Title: "Before training.", Caption: "Green: the same class.", Image: gradient(1200, 420), Photo: true},
					{Title: "Map of z_I.", Caption: "Held-out classes.", Image: gradient(800, 800)},
				},
			},
			{
				Title: "Is the variation independent of the class?", Charts: []Chart{{Title: "The loss again", XLabel: "step", Curve: "L4"}},
				Tables: []Table{{
					Caption: "Kolmogorov-Smirnov distance, mean over dimensions",
					Header:  []string{"representation", "distance", "p"},
					Rows:    [][]string{{"z_V", "0.021", "0.41"}, {"z - centre | plain", "0.113", "1e-05"}},
				}},
			},
		},
	}
}

func gradient(w, h int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, color.RGBA{uint8(255 * x / w), uint8(255 * y / h), 160, 255})
		}
	}
	return img
}
