# For C people: builds and installs libraries, headers, commands and manual pages. ELF systems, GNU make.
#
#   make                             both libraries, shared and static, and the commands
#   make check                       all tests
#   make install PREFIX=/opt/sigdelta [DESTDIR=...] [LIBDIR=...] [BINDIR=...] [MANDIR=...]
#   make uninstall PREFIX=...        the same files away again
#   make headers                     include/*.h anew (needs cbindgen, see bindings/generate-headers)
#
# Files that belong to a package of the distribution are never replaced, unless FORCE=1.

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
INCLUDEDIR ?= $(PREFIX)/include
LIBDIR ?= $(PREFIX)/lib
MANDIR ?= $(PREFIX)/share/man
DESTDIR ?=
CARGO ?= cargo
STRIP ?= strip
FORCE ?=

export PREFIX BINDIR INCLUDEDIR LIBDIR MANDIR DESTDIR STRIP FORCE
export CARGO_TARGET_DIR ?= $(CURDIR)/target

all:
	# One at a time: a build of several members would unite the features that they ask for.
	$(CARGO) build --release --package sigdelta-librsync
	$(CARGO) build --release --package sigdelta-c
	$(CARGO) build --release --package sigdelta-cli

check:
	$(CARGO) test --workspace

# Built before, if there is a cargo: under sudo there often is none.
install:
	if command -v $(CARGO) >/dev/null; then $(MAKE) all; fi
	packaging/install

uninstall:
	packaging/install --remove

headers:
	bindings/generate-headers

clean:
	$(CARGO) clean

.PHONY: all check install uninstall headers clean
