package matfile_test

import (
	"bytes"
	"fmt"
	"log"

	"github.com/dvml/dvml/imageset/internal/mattest"
	"github.com/dvml/dvml/imageset/matfile"
)

func ExampleRead() {
	data := mattest.File(true, mattest.Variable{Name: "annotations", Value: mattest.Struct([]string{"fname", "class"},
		[]mattest.Value{mattest.Text("00001.jpg"), mattest.Byte(14)},
		[]mattest.Value{mattest.Text("00002.jpg"), mattest.Byte(3)})})

	f, err := matfile.Read(bytes.NewReader(data))
	if err != nil {
		log.Fatal(err)
	}
	annotations, err := f.Var("annotations")
	if err != nil {
		log.Fatal(err)
	}
	for i := range annotations.Len() {
		name, err := annotations.Field(i, "fname")
		if err != nil {
			log.Fatal(err)
		}
		field, err := annotations.Field(i, "class")
		if err != nil {
			log.Fatal(err)
		}
		class, err := field.Int()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(name, class)
	}
	// Output:
	// 00001.jpg 14
	// 00002.jpg 3
}
