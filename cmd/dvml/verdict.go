package main

import (
	"fmt"

	"github.com/dvml/dvml/train"
)

// verdict says in a sentence whether a model is good, compared with the untrained features that it began from, by their metrics
// on the same held-out classes. It is empty where the two cannot be compared.
func verdict(model, features map[string]float64) string {
	by := "R@1"
	if features[by] > train.GoodFeatures { // which tells models apart no longer
		by = "MAP@R"
	}
	theirs, known := features[by]
	own, measured := model[by]
	if !known || !measured {
		return ""
	}
	const alike = .01
	switch gain := own - theirs; {
	case gain > alike:
		return fmt.Sprintf("This model is better than the features that it began from: %s is %.3f, theirs %.3f.", by, own, theirs)
	case gain < -alike:
		return fmt.Sprintf("This model is worse than the features that it began from: %s is %.3f, theirs %.3f; use the features, or train it longer or on more classes.", by, own, theirs)
	default:
		return fmt.Sprintf("This model is no better than the features that it began from: %s is %.3f, theirs %.3f.", by, own, theirs)
	}
}
