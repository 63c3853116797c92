# SPDX-License-Identifier: GPL-2.0-or-later
# Where things go on a machine, and the Debian package, which is the same installation below /usr.

UNITDIR = $(PREFIX)/lib/systemd/system
MAN := $(patsubst docs/%.scd,$(B)/docs/%,$(wildcard docs/*.scd))
man_dir = $(PREFIX)/share/man/man$(subst .,,$(suffix $(1)))

$(B)/docs/%: docs/%.scd
	$(call msg,MAN,$@)
	@mkdir -p $(@D)
	$(Q)scdoc < $< > $@

.PHONY: man
man: $(MAN)

.PHONY: docs
docs: $(B)/memoird ## write docs/metrics.md again from the tables of metrics
	$(Q)$< --describe-metrics > docs/metrics.md

.PHONY: install install-files
install: ## install below DESTDIR and PREFIX=/usr/local, with unit and manuals (as root)
	$(Q)packaging/as-invoker.sh $(MAKE) $(QUIET) all man
	$(Q)$(MAKE) $(QUIET) install-files
	$(Q)[ -n "$(DESTDIR)" ] || packaging/after-install.sh "$(PREFIX)"

install-files:
	$(Q)install -D -m 0755 $(B)/memoird "$(DESTDIR)$(PREFIX)/sbin/memoird"
	$(Q)install -D -m 0755 $(B)/memoir-symbolizer "$(DESTDIR)$(PREFIX)/lib/memoir/memoir-symbolizer"
	$(Q)install -D -m 0755 $(B)/memoir "$(DESTDIR)$(PREFIX)/bin/memoir"
	$(Q)install -d "$(DESTDIR)$(UNITDIR)"
	$(Q)sed 's,=/usr/sbin/,=$(PREFIX)/sbin/,' packaging/memoird.service > "$(DESTDIR)$(UNITDIR)/memoird.service"
	$(Q)chmod 0644 "$(DESTDIR)$(UNITDIR)/memoird.service"
	$(Q)install -D -m 0644 packaging/memoir.sysusers "$(DESTDIR)$(PREFIX)/lib/sysusers.d/memoir.conf"
	$(Q)[ -e "$(DESTDIR)/etc/default/memoird" ] || \
		install -D -m 0644 packaging/memoird.default "$(DESTDIR)/etc/default/memoird"
	$(Q)$(foreach page,$(MAN),install -D -m 0644 $(page) "$(DESTDIR)$(call man_dir,$(page))/$(notdir $(page))" &&) true

.PHONY: uninstall
uninstall: ## remove what install put below DESTDIR and PREFIX, but for /etc/default/memoird (as root)
	$(Q)[ -n "$(DESTDIR)" ] || packaging/before-uninstall.sh
	$(Q)rm -f "$(DESTDIR)$(PREFIX)/sbin/memoird" "$(DESTDIR)$(PREFIX)/bin/memoir" \
		"$(DESTDIR)$(PREFIX)/lib/memoir/memoir-symbolizer" \
		"$(DESTDIR)$(UNITDIR)/memoird.service" "$(DESTDIR)$(PREFIX)/lib/sysusers.d/memoir.conf" \
		$(foreach page,$(MAN),"$(DESTDIR)$(call man_dir,$(page))/$(notdir $(page))")

.PHONY: deb
deb: ## build the Debian package, B/memoir_VERSION_ARCH.deb
	$(Q)packaging/as-invoker.sh $(MAKE) $(QUIET) all man
	$(Q)rm -rf $(B)/deb
	$(Q)packaging/as-invoker.sh $(MAKE) $(QUIET) install-files DESTDIR=$(B)/deb/root PREFIX=/usr
	$(Q)packaging/as-invoker.sh packaging/deb/build.sh $(B) $(VERSION)
