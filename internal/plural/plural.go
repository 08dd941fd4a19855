// Package plural writes numbers of things in English.
package plural

import (
	"fmt"
	"strings"
)

// Of is n with the word for that many: 1 class, 2 classes, 3 batches.
func Of(n int, word string) string {
	switch {
	case n == 1:
		return "1 " + word
	case strings.HasSuffix(word, "s"), strings.HasSuffix(word, "ch"):
		return fmt.Sprintf("%d %ses", n, word)
	}
	return fmt.Sprintf("%d %ss", n, word)
}
