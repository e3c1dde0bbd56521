package org.secondsite.config;

import java.util.regex.Pattern;

/** The one rule for names of sites, groups, VMs and switches: they stand in file names, metrics and certificates. */
final class Names {
    private static final Pattern ALLOWED = Pattern.compile("[a-z0-9]([a-z0-9-]{0,62})");

    private Names() {}

    static boolean isAllowed(String name) {
        return ALLOWED.matcher(name).matches();
    }

    static String checked(String kind, String name) {
        if (!isAllowed(name)) {
            throw new IllegalArgumentException(kind + " name '" + name
                    + "' must be 1 to 63 lower-case letters, digits or '-', and start with a letter or digit");
        }
        return name;
    }
}
