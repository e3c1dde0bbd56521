package org.secondsite.management;

import java.util.Locale;

/**
 * Who asks, as a certificate or a token has proved.
 *
 * @param name the certificate's common name, or that of the token
 * @param role what it may do
 */
public record Caller(String name, Role role) {
    /** What somebody may do; each may do what those before it may. */
    public enum Role {
        /** Reads. */
        VIEWER,
        /** Ticks boxes, hands groups over. */
        OPERATOR,
        /** Changes the configuration. */
        ADMIN;

        /** As it is called in texts. */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Whether the role is enough. */
    public boolean may(Role needed) {
        return role.compareTo(needed) >= 0;
    }
}
