// A yardstick of make bench: POST and GET of orders as one would write them in Go, with net/http and pgx.
// What goes to PostgreSQL is what Ciclo sends, read from the file WORK; one request has one connection of the pool.
package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

type statement struct {
	SQL           string    `json:"sql"`
	Args          []*string `json:"args"`
	FindsCustomer bool      `json:"finds_customer"`
}

type work struct {
	Create []statement `json:"create"`
	Read   []statement `json:"read"`
	Answer string      `json:"answer"`
}

type order struct {
	ExternalID string `json:"external_id"`
	Customer   struct {
		Email string `json:"email"`
	} `json:"customer"`
	Currency string `json:"currency"`
	Items    []struct {
		SKU       string `json:"sku"`
		Name      string `json:"name"`
		Quantity  int64  `json:"quantity"`
		UnitPrice int64  `json:"unit_price"`
		UnitCost  *int64 `json:"unit_cost"`
		Discount  int64  `json:"discount"`
	} `json:"items"`
}

func valid(o *order) bool {
	for _, i := range o.Items {
		if i.Quantity < 1 || i.UnitPrice < 0 || i.Discount < 0 {
			return false
		}
	}
	return o.ExternalID != "" && strings.Contains(o.Customer.Email, "@") && len(o.Currency) == 3 && len(o.Items) > 0
}

func uuid7() string {
	var b [16]byte
	rand.Read(b[:])
	ms := uint64(time.Now().UnixMilli())
	binary.BigEndian.PutUint16(b[0:], uint16(ms>>32))
	binary.BigEndian.PutUint32(b[2:], uint32(ms))
	b[6], b[8] = b[6]&0x0f|0x70, b[8]&0x3f|0x80
	return format(b[:])
}

func format(b []byte) string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

type server struct {
	pool *pgxpool.Pool
	work work
}

// Instants are text already; amounts with a fraction are not asked for here.
type document struct {
	ID           string          `json:"id"`
	ExternalID   *string         `json:"external_id"`
	CustomerID   string          `json:"customer_id"`
	OrderedAt    string          `json:"ordered_at"`
	Status       string          `json:"status"`
	Currency     string          `json:"currency"`
	ExchangeRate *float64        `json:"exchange_rate"`
	Items        json.RawMessage `json:"items"`
	Discount     int64           `json:"discount"`
	Shipping     int64           `json:"shipping"`
	Tax          int64           `json:"tax"`
	TaxIncluded  bool            `json:"tax_included"`
	Total        int64           `json:"total"`
	Net          int64           `json:"net"`
	BaseCurrency string          `json:"base_currency"`
	BaseTotal    int64           `json:"base_total"`
	BaseNet      int64           `json:"base_net"`
	Storefront   *string         `json:"storefront"`
	Channel      *string         `json:"channel"`
	Campaign     *string         `json:"campaign"`
	Cart         *string         `json:"cart"`
	Test         bool            `json:"test"`
	Refunded     int64           `json:"refunded"`
	PaidAt       *string         `json:"paid_at"`
	CancelledAt  *string         `json:"cancelled_at"`
	Version      int64           `json:"version"`
	CreatedAt    string          `json:"created_at"`
	UpdatedAt    string          `json:"updated_at"`
}

func (d *document) scan(rows pgx.Rows) error {
	var id string
	var version int64
	return rows.Scan(&id, &version, &d.ID, &d.ExternalID, &d.CustomerID, &d.OrderedAt, &d.Status, &d.Currency, &d.ExchangeRate, &d.Items,
		&d.Discount, &d.Shipping, &d.Tax, &d.TaxIncluded, &d.Total, &d.Net, &d.BaseCurrency, &d.BaseTotal, &d.BaseNet, &d.Storefront,
		&d.Channel, &d.Campaign, &d.Cart, &d.Test, &d.Refunded, &d.PaidAt, &d.CancelledAt, &d.Version, &d.CreatedAt, &d.UpdatedAt)
}

// Sends the statements one after the other; the row of the last one goes to found, if somebody asks. customer: whom they found.
func (s *server) run(ctx context.Context, statements []statement, values []string, found *document) (customer string, rowsFound bool, err error) {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return "", false, err
	}
	defer conn.Release()
	replacer := strings.NewReplacer(values...)
	for _, st := range statements {
		args := make([]any, len(st.Args))
		for i, a := range st.Args {
			if a != nil {
				args[i] = replacer.Replace(*a)
			}
		}
		rows, err := conn.Query(ctx, st.SQL, args...)
		if err != nil {
			return "", false, err
		}
		for rows.Next() {
			raw := rows.RawValues()
			if found != nil {
				rowsFound = true
				if err := found.scan(rows); err != nil {
					rows.Close()
					return "", false, err
				}
			}
			for i, f := range rows.FieldDescriptions() {
				if st.FindsCustomer && f.Name == "customer_id" {
					customer = format(raw[i])
				}
			}
		}
		rows.Close()
		if err := rows.Err(); err != nil {
			conn.Exec(ctx, "ROLLBACK")
			return "", false, err
		}
		if st.FindsCustomer {
			replacer = strings.NewReplacer(append(values, "{CUSTOMER}", customer)...)
		}
	}
	return customer, rowsFound, nil
}

func fail(w http.ResponseWriter, status int, err error) {
	log.Print(err)
	http.Error(w, fmt.Sprint(err), status)
}

func (s *server) create(w http.ResponseWriter, r *http.Request) {
	var o order
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, &o)
	}
	if err != nil || !valid(&o) {
		fail(w, 422, fmt.Errorf("not valid: %v", err))
		return
	}
	hash := sha256.Sum256(body)
	values := []string{"{ORDER}", uuid7(), "{EXTERNAL}", o.ExternalID, "{EMAIL}", o.Customer.Email, "{HASH}", hex.EncodeToString(hash[:])}
	customer, _, err := s.run(r.Context(), s.work.Create, values, nil)
	if err != nil {
		fail(w, 500, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(201)
	io.WriteString(w, strings.NewReplacer(append(values, "{CUSTOMER}", customer)...).Replace(s.work.Answer))
}

func (s *server) read(w http.ResponseWriter, r *http.Request) {
	var d document
	_, found, err := s.run(r.Context(), s.work.Read, []string{"{ORDER}", r.PathValue("id")}, &d)
	if err != nil {
		fail(w, 500, err)
	} else if !found {
		fail(w, 404, fmt.Errorf("no order"))
	} else if text, err := json.Marshal(&d); err != nil {
		fail(w, 500, err)
	} else {
		w.Header().Set("Content-Type", "application/json")
		w.Write(text)
	}
}

func main() {
	text, err := os.ReadFile(os.Getenv("WORK"))
	if err != nil {
		log.Fatal(err)
	}
	s := &server{}
	if err = json.Unmarshal(text, &s.work); err != nil {
		log.Fatal(err)
	}
	config, err := pgxpool.ParseConfig(os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	size, _ := strconv.Atoi(os.Getenv("POOL"))
	config.MaxConns, config.MinConns = int32(size), int32(size)
	if s.pool, err = pgxpool.NewWithConfig(context.Background(), config); err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/orders", s.create)
	mux.HandleFunc("GET /v1/orders/{id}", s.read)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), mux))
}
