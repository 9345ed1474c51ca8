# For C people: builds and installs libraries, headers, commands and manual pages. ELF systems, GNU make.
#
#   make                             both libraries, shared and static, and the commands
#   make check                       all tests
#   make install PREFIX=/opt/sigdelta [DESTDIR=...] [LIBDIR=...] [BINDIR=...] [MANDIR=...]
#   make install PRODUCTS=libsigdelta     some of: librsync libsigdelta commands
#   make uninstall PREFIX=...        the same files away again
#   make headers                     include/*.h anew (needs cbindgen, see bindings/generate-headers)
#
# A librsync.so.2 in a directory that the loader knows (/usr/local/lib is one) takes the place of the
# distribution's for every program, after the next ldconfig. Files that belong to a package of the
# distribution are never replaced, unless FORCE=1.

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
INCLUDEDIR ?= $(PREFIX)/include
LIBDIR ?= $(PREFIX)/lib
MANDIR ?= $(PREFIX)/share/man
DESTDIR ?=
CARGO ?= cargo
STRIP ?= strip
FORCE ?=
PRODUCTS ?= librsync libsigdelta commands

export PREFIX BINDIR INCLUDEDIR LIBDIR MANDIR DESTDIR STRIP FORCE PRODUCTS
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
