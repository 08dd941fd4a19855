// Package yamltext looks at YAML that comes from elsewhere before it is parsed: the parser's memory
// grows with the square of the nesting, so that a few hundred kilobytes of brackets could fill a
// machine.
package yamltext

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
)

// MaxLength and MaxDepth bound what Clean lets through. A settings file has some 4 kB and nests four deep.
const (
	MaxLength = 1 << 20
	MaxDepth  = 32
)

// Clean returns the text without its byte order mark. It is empty where nothing but blanks and
// comments stands there. Text that is longer or nested deeper than the bounds, that repeats itself
// by aliases, that holds a second document or that is UTF-16, is an error.
func Clean(text []byte) ([]byte, error) {
	if len(text) > MaxLength {
		return nil, fmt.Errorf("the YAML has %d bytes; at most %d are read", len(text), MaxLength)
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")) {
		return nil, errors.New("the YAML is UTF-16: save it as UTF-8")
	}
	if !bytes.ContainsFunc(text, func(r rune) bool { return r != ' ' && r != '\t' && r != '\n' && r != '\r' }) {
		return nil, nil
	}
	if err := plausible(text); err != nil {
		return nil, err
	}
	content := false
	flow, entries, line := 0, 0, 0
	for _, t := range lexer.Tokenize(string(text)) {
		if t.Position.Line != line {
			line, entries = t.Position.Line, 0
		}
		switch t.Type {
		case token.DocumentHeaderType:
			if content {
				return nil, fmt.Errorf("line %d of the YAML begins a second document, which would not be read; one file holds one", line)
			}
			continue
		case token.CommentType, token.DocumentEndType:
			continue
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.SequenceEntryType, token.MappingKeyType:
			entries++
		case token.AliasType, token.MergeKeyType:
			return nil, fmt.Errorf("line %d of the YAML repeats another part by an alias; write it out", line)
		}
		content = true
		if flow > MaxDepth || entries > MaxDepth || t.Position.IndentLevel > MaxDepth {
			return nil, fmt.Errorf("line %d of the YAML is nested more than %d deep", line, MaxDepth)
		}
	}
	if !content {
		return nil, nil
	}
	return text, nil
}

// plausible is a first look at the bytes alone, so that the lexer too meets no more brackets than any settings have.
func plausible(text []byte) error {
	const most = 4096
	for _, b := range []string{"[", "{"} {
		if n := bytes.Count(text, []byte(b)); n > most {
			return fmt.Errorf("the YAML holds %d of %q; at most %d are read", n, b, most)
		}
	}
	return nil
}
