// Package report turns the results of runs into one page: what was measured, mean and standard
// deviation over seeds, beside what was published; all curves overlaid; pictures; settings; and
// what the reader must know to judge them.
//
// A [Report] is a plain value. [WriteHTML] makes one file of it that needs nothing else: styles,
// charts (SVG) and pictures are inside, there is no JavaScript, it follows the screen's light or
// dark scheme and prints on white paper. [WriteMarkdown] makes the same as Markdown, with charts
// and pictures in a folder beside it. All text is escaped; the same report gives the same bytes.
package report
