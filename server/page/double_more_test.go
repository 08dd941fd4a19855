package page_test

import "net/http"

func (d *double) more(mux *http.ServeMux) {}
