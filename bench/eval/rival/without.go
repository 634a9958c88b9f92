package rival

import (
	"fmt"
	"reflect"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
)

// Groups returns the groups that can carry a weight, in their order.
func Groups() (all []models.Group) {
	for g := range models.NumGroups {
		if weightOf(&risk.Weights{}, g).IsValid() {
			all = append(all, g)
		}
	}
	return all
}

// Weighing returns those to which the configuration gives a weight.
func Weighing(c risk.Config) (all []models.Group) {
	for _, g := range Groups() {
		if weightOf(&c.Weights, g).Float() != 0 {
			all = append(all, g)
		}
	}
	return all
}

// weightOf returns the field that has the group's name in YAML, the zero Value if
// there is none.
func weightOf(w *risk.Weights, g models.Group) reflect.Value {
	weights := reflect.ValueOf(w).Elem()
	for i := range weights.NumField() {
		if weights.Type().Field(i).Tag.Get("yaml") == g.String() {
			return weights.Field(i)
		}
	}
	return reflect.Value{}
}

// Without returns the configuration with the weight of one group at 0.
func Without(c risk.Config, g models.Group) risk.Config { return Weighed(c, g, 0) }

// Weighed returns the configuration with another weight of one of Groups.
func Weighed(c risk.Config, g models.Group, weight float64) risk.Config {
	field := weightOf(&c.Weights, g)
	if !field.IsValid() {
		panic(fmt.Sprintf("BUG: group %s has no weight", g))
	}
	field.SetFloat(weight)
	return c
}
