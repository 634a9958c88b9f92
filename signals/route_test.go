package signals

import (
	"testing"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/keyed"
)

func TestObjectIDs(t *testing.T) {
	h := keyed.New([32]byte{1})
	f := func(template, path string, number int64, has bool) {
		t.Helper()
		r := NewRouteFacts("r", template, models.Normal)
		object, n := r.object(h, []byte(path))
		if (object != 0) != has || n != number {
			t.Errorf("%s, %s: object %d, number %d; want object %v, number %d", template, path, object, n, has, number)
		}
	}
	f("/v1/orders/{id}", "/v1/orders/17", 17, true)
	f("/v1/orders/{id}", "/v1/orders/abc", -1, true)
	f("/v1/orders/{id}/items", "/v1/orders/17/items", 17, true)
	f("/{tenant}/orders/{id}", "/acme/orders/9", 9, true)
	f("/v1/orders/{id}", "/v1/orders/9999999999999999999", -1, true)
	f("/v1/orders", "/v1/orders", -1, false)
	f("/{rest...}", "/v1/orders/17", 17, true)
	f("/{rest...}", "/v1/orders", -1, false)
	f("/{rest...}", "/files/6f1c2a7e-9b1d-4c3a-8f00-0a1b2c3d4e5f", -1, true)
	f("/{rest...}", "/files/deadbeef01", -1, true)
	f("/{rest...}", "/files/01HZX3Q9V7K2M4N6P8R0S2T4V6", -1, true)
	f("/{rest...}", "/blog/how-to-make-tea", -1, false)
	f("/{rest...}", "/style/main.css", -1, false)
	f("/{rest...}", "", -1, false)
}

func TestObjectsDiffer(t *testing.T) {
	h := keyed.New([32]byte{1})
	object := func(route, template, path string) uint32 {
		r := NewRouteFacts(route, template, models.Normal)
		o, _ := r.object(h, []byte(path))
		return o
	}
	a := object("orders", "/{t}/orders/{id}", "/acme/orders/9")
	if a != object("orders", "/{t}/orders/{id}", "/acme/orders/9") {
		t.Error("one object, two hashes")
	}
	if a == object("orders", "/{t}/orders/{id}", "/other/orders/9") {
		t.Error("the same number of two tenants is one object")
	}
	if object("orders", "/o/{id}", "/o/9") == object("invoices", "/i/{id}", "/i/9") {
		t.Error("the same number on two routes is one object")
	}
}

func FuzzObject(f *testing.F) {
	f.Add("/v1/orders/{id}", "/v1/orders/17")
	f.Fuzz(func(t *testing.T, template, path string) {
		r := NewRouteFacts("r", template, models.Normal)
		object, number := r.object(keyed.New([32]byte{1}), []byte(path))
		if number >= 0 && object == 0 || number < -1 {
			t.Errorf("%q on %q: object %d, number %d", path, template, object, number)
		}
	})
}

func TestEndpointIsRouteAndMethod(t *testing.T) {
	seen := map[uint32]string{}
	for _, route := range []string{"orders.list", "orders.read", "", "login"} {
		r := NewRouteFacts(route, "/v1/orders/{id}", models.Normal)
		for _, method := range []string{"GET", "POST", "DELETE"} {
			e := r.endpoint([]byte(method))
			if other, ok := seen[e]; ok || e == 0 || e != r.endpoint([]byte(method)) {
				t.Errorf("%s %s has endpoint %d, as %q", method, route, e, other)
			}
			seen[e] = method + " " + route
		}
	}
}
