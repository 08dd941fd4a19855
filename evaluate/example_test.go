package evaluate_test

import (
	"fmt"

	"github.com/dvml/dvml/evaluate"
)

func ExampleEvaluate() {
	// Six embeddings of two numbers, two classes; the third sample of class 1 lies among those of class 0.
	emb := []float32{
		1, 0.1,
		1, 0.2,
		1, 0.3,
		0.1, 1,
		0.2, 1,
		1, 0.18,
	}
	labels := []int32{0, 0, 0, 1, 1, 1}
	r, err := evaluate.Evaluate(emb, 2, labels, evaluate.Options{K: []int{1, 2}, Restarts: 5})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("NMI %.3f  F1 %.3f  R@1 %.3f  R@2 %.3f  MAP@R %.3f\n", r.NMI, r.F1, r.Recall[0], r.Recall[1], r.MAPR)
	// Output: NMI 0.479  F1 0.615  R@1 0.500  R@2 0.833  MAP@R 0.333
}

func ExampleRetrieveGallery() {
	queries := []float32{1, 0, 0, 1}
	gallery := []float32{0.9, 0.1, 0.6, 0.5, 0.2, 0.8}
	r, err := evaluate.RetrieveGallery(queries, []int32{7, 8}, gallery, []int32{7, 8, 9}, 2, evaluate.RetrieveOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, q := range r.Queries {
		fmt.Printf("query %d finds its class at rank %d\n", i, q.First)
	}
	// Output:
	// query 0 finds its class at rank 1
	// query 1 finds its class at rank 2
}

func ExampleSearch() {
	emb := []float32{1, 0, 0.9, 0.1, 0, 1, 0.1, 0.9}
	hits, err := evaluate.Search(nil, emb, 2, 1, evaluate.RetrieveOptions{})
	fmt.Println(hits.Index, err)
	// Output: [1 0 3 2] <nil>
}
