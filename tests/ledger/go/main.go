// Holds the product's log to Go's golang.org/x/mod/sumdb (note, tlog), and makes logs for the product to read.
//
//	tlog verify FOLDER VKEY        reads a published log: signature, every tile, every entry, proofs
//	tlog check                     checks proofs of others, as JSON on standard input
//	tlog make FOLDER SEED SIZE...  publishes a log of its own at each size; prints key and proofs as JSON
package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

type inclusion struct {
	Index, Size      int64
	Leaf, Root, Text string
	Proof            []string
}

type consistency struct {
	Old, Size     int64
	OldRoot, Root string
	Proof         []string
}

type proofs struct {
	Key         string
	Inclusion   []inclusion
	Consistency []consistency
}

// folder reads tiles as c2sp.org/tlog-tiles names them: as Go does, without the height.
type folder string

func (f folder) Height() int { return height }

func (f folder) SaveTiles([]tlog.Tile, [][]byte) {}

func (f folder) ReadTiles(tiles []tlog.Tile) (data [][]byte, err error) {
	for _, tile := range tiles {
		read, err := os.ReadFile(filepath.Join(string(f), path(tile)))
		if err != nil {
			return nil, err
		}
		data = append(data, read)
	}
	return data, nil
}

func path(tile tlog.Tile) string {
	return strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", height), "tile/", 1)
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func hashOf(text string) (hash tlog.Hash) {
	raw, err := hex.DecodeString(text)
	must(err)
	if copy(hash[:], raw) != tlog.HashSize || len(raw) != tlog.HashSize {
		log.Fatalf("not a hash: %s", text)
	}
	return hash
}

func hashesOf(texts []string) (hashes []tlog.Hash) {
	for _, text := range texts {
		hashes = append(hashes, hashOf(text))
	}
	return hashes
}

func texts(hashes []tlog.Hash) []string {
	found := []string{}
	for _, hash := range hashes {
		found = append(found, hex.EncodeToString(hash[:]))
	}
	return found
}

func checkpoint(name string, size int64, root tlog.Hash) string {
	return fmt.Sprintf("%s\n%d\n%s\n", name, size, root)
}

func verify(where, vkey string) {
	verifier, err := note.NewVerifier(vkey)
	must(err)
	signed, err := os.ReadFile(filepath.Join(where, "checkpoint"))
	must(err)
	opened, err := note.Open(signed, note.VerifierList(verifier))
	must(err)
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	root, err := tlog.ParseHash(lines[2])
	must(err)
	if opened.Text != checkpoint(verifier.Name(), size, root) {
		log.Fatal("the checkpoint is not of this log")
	}
	reader := tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, folder(where))
	found, err := tlog.TreeHash(size, reader)
	must(err)
	if found != root {
		log.Fatal("the tiles have another root")
	}
	entries := entriesOf(where, size)
	indexes := []int64{}
	for index := range entries {
		indexes = append(indexes, tlog.StoredHashIndex(0, int64(index)))
	}
	hashes, err := reader.ReadHashes(indexes)
	must(err)
	for index, entry := range entries {
		if hashes[index] != tlog.RecordHash(entry) {
			log.Fatalf("entry %d is not the one in the tree", index)
		}
	}
	fmt.Printf("%d\n", len(entries))
}

func entriesOf(where string, size int64) (entries [][]byte) {
	for first := int64(0); first < size; first += 1 << height {
		width := size - first
		if width > 1<<height {
			width = 1 << height
		}
		name := path(tlog.Tile{H: height, L: 0, N: first >> height, W: int(width)})
		data, err := os.ReadFile(filepath.Join(where, strings.Replace(name, "tile/0/", "tile/entries/", 1)))
		must(err)
		for len(data) > 0 {
			length := int(binary.BigEndian.Uint16(data))
			entries = append(entries, data[2:2+length])
			data = data[2+length:]
		}
	}
	if int64(len(entries)) != size {
		log.Fatalf("%d entries in a log of %d", len(entries), size)
	}
	return entries
}

func check() {
	var given proofs
	must(json.NewDecoder(os.Stdin).Decode(&given))
	for _, one := range given.Inclusion {
		must(tlog.CheckRecord(hashesOf(one.Proof), one.Size, hashOf(one.Root), one.Index, hashOf(one.Leaf)))
	}
	for _, one := range given.Consistency {
		must(tlog.CheckTree(hashesOf(one.Proof), one.Size, hashOf(one.Root), one.Old, hashOf(one.OldRoot)))
	}
	fmt.Printf("%d\n", len(given.Inclusion)+len(given.Consistency))
}

func publish(where, seed string, sizes []string) {
	name := "go.test/log"
	raw, err := hex.DecodeString(seed)
	must(err)
	private := ed25519.NewKeyFromSeed(raw)
	vkey, err := note.NewEd25519VerifierKey(name, private.Public().(ed25519.PublicKey))
	must(err)
	id := strings.Split(vkey, "+")[1]
	secret := base64.StdEncoding.EncodeToString(append([]byte{1}, raw...))
	signer, err := note.NewSigner(fmt.Sprintf("PRIVATE+KEY+%s+%s+%s", name, id, secret))
	must(err)

	var stored []tlog.Hash
	var entries [][]byte
	reader := tlog.HashReaderFunc(func(indexes []int64) (found []tlog.Hash, err error) {
		for _, index := range indexes {
			found = append(found, stored[index])
		}
		return found, nil
	})
	made := proofs{Key: vkey}
	old := int64(0)
	var oldRoot tlog.Hash
	for _, text := range sizes {
		size, err := strconv.ParseInt(text, 10, 64)
		must(err)
		for index := old; index < size; index++ {
			entry := []byte(fmt.Sprintf("entry %d of Go", index))
			hashes, err := tlog.StoredHashes(index, entry, reader)
			must(err)
			stored = append(stored, hashes...)
			entries = append(entries, entry)
		}
		for _, tile := range tlog.NewTiles(height, old, size) {
			data, err := tlog.ReadTileData(tile, reader)
			must(err)
			write(filepath.Join(where, path(tile)), data)
			if tile.L == 0 {
				first := tile.N << height
				name := strings.Replace(path(tile), "tile/0/", "tile/entries/", 1)
				write(filepath.Join(where, name), bundle(entries[first:first+int64(tile.W)]))
			}
		}
		root, err := tlog.TreeHash(size, reader)
		must(err)
		signed, err := note.Sign(&note.Note{Text: checkpoint(name, size, root)}, signer)
		must(err)
		write(filepath.Join(where, "checkpoint"), signed)
		for index := int64(0); index < size; index += 1 + size/7 {
			proof, err := tlog.ProveRecord(size, index, reader)
			must(err)
			leaf := tlog.RecordHash(entries[index])
			made.Inclusion = append(made.Inclusion, inclusion{
				index, size, hex.EncodeToString(leaf[:]), hex.EncodeToString(root[:]), string(entries[index]), texts(proof),
			})
		}
		if old > 0 {
			proof, err := tlog.ProveTree(size, old, reader)
			must(err)
			made.Consistency = append(made.Consistency, consistency{
				old, size, hex.EncodeToString(oldRoot[:]), hex.EncodeToString(root[:]), texts(proof),
			})
		}
		old, oldRoot = size, root
	}
	must(json.NewEncoder(os.Stdout).Encode(made))
}

func bundle(entries [][]byte) []byte {
	var buffer bytes.Buffer
	for _, entry := range entries {
		must(binary.Write(&buffer, binary.BigEndian, uint16(len(entry))))
		buffer.Write(entry)
	}
	return buffer.Bytes()
}

func write(where string, data []byte) {
	must(os.MkdirAll(filepath.Dir(where), 0o755))
	must(os.WriteFile(where, data, 0o644))
}

func main() {
	log.SetFlags(0)
	switch {
	case len(os.Args) == 4 && os.Args[1] == "verify":
		verify(os.Args[2], os.Args[3])
	case len(os.Args) == 2 && os.Args[1] == "check":
		check()
	case len(os.Args) > 4 && os.Args[1] == "make":
		publish(os.Args[2], os.Args[3], os.Args[4:])
	default:
		log.Fatal("usage: tlog verify FOLDER VKEY | check | make FOLDER SEED SIZE...")
	}
}
