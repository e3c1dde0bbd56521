package org.secondsite.lab.plan;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What a command of the lab means: {@code ROLE}, {@code ROLE:SITE}, {@code site:SITE}, the last being gateway, agent, QEMU,
 * switch and router of that site, or the name of one process that has a hyphen in it, such as {@code witness-2}.
 *
 * @param role empty for every role
 * @param site empty for both sites
 * @param process empty for every process of role and site
 */
public record Target(Optional<Role> role, Optional<Site> site, Optional<String> process) {
    private static final String WHOLE_SITE = "site";
    private static final Pattern PROCESS = Pattern.compile("[a-z]+(-[a-z0-9]+)+");

    /**
     * Reads one.
     *
     * @throws IllegalArgumentException if the text is not of that form
     */
    public static Target parse(String text) {
        if (PROCESS.matcher(text).matches()) {
            return new Target(Optional.empty(), Optional.empty(), Optional.of(text));
        }
        String[] parts = text.split(":", -1);
        if (parts.length > 2 || (parts.length == 1 && parts[0].equals(WHOLE_SITE))) {
            throw new IllegalArgumentException("'" + text + "' is not ROLE, ROLE:SITE, site:SITE or a process's name");
        }
        Optional<Site> site = parts.length == 2 ? Optional.of(Site.parse(parts[1])) : Optional.empty();
        Optional<Role> role = parts[0].equals(WHOLE_SITE) ? Optional.empty() : Optional.of(Role.parse(parts[0]));
        return new Target(role, site, Optional.empty());
    }

    /**
     * Whether it means a process.
     *
     * @param siteId {@code a}, {@code b} or empty
     * @param name the process's
     */
    public boolean means(Role processRole, String siteId, String name) {
        return role.map(r -> r == processRole).orElse(true)
                && site.map(s -> s.id().equals(siteId)).orElse(true)
                && process.map(name::equals).orElse(true);
    }

    @Override
    public String toString() {
        return process.orElseGet(() -> role.map(Role::text).orElse(WHOLE_SITE)
                + site.map(s -> ":" + s.id()).orElse(""));
    }
}
