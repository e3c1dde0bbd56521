package org.secondsite.lab.plan;

import java.util.Optional;

/**
 * What a command of the lab means: {@code ROLE}, {@code ROLE:SITE} or {@code site:SITE}, the last being gateway, agent, QEMU,
 * switch and router of that site.
 *
 * @param role empty for every role of the site
 * @param site empty for both sites
 */
public record Target(Optional<Role> role, Optional<Site> site) {
    private static final String WHOLE_SITE = "site";

    /**
     * Reads one.
     *
     * @throws IllegalArgumentException if the text is not of that form
     */
    public static Target parse(String text) {
        String[] parts = text.split(":", -1);
        if (parts.length > 2 || (parts.length == 1 && parts[0].equals(WHOLE_SITE))) {
            throw new IllegalArgumentException("'" + text + "' is not ROLE, ROLE:SITE or site:SITE");
        }
        Optional<Site> site = parts.length == 2 ? Optional.of(Site.parse(parts[1])) : Optional.empty();
        return new Target(parts[0].equals(WHOLE_SITE) ? Optional.empty() : Optional.of(Role.parse(parts[0])), site);
    }

    /**
     * Whether it means a process.
     *
     * @param siteId {@code a}, {@code b} or empty
     */
    public boolean means(Role processRole, String siteId) {
        return role.map(r -> r == processRole).orElse(true)
                && site.map(s -> s.id().equals(siteId)).orElse(true);
    }

    @Override
    public String toString() {
        return role.map(Role::text).orElse(WHOLE_SITE)
                + site.map(s -> ":" + s.id()).orElse("");
    }
}
