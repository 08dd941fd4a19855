// Package dvml is deep metric learning for photographs. Package method holds Deep Variational Metric Learning itself.
package dvml
