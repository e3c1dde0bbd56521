package org.secondsite.gateway.view;

/**
 * Something that the files of the two sites should say alike, and do not.
 *
 * @param name its path by the keys of the file
 * @param here what it is at this site; empty: it is not there
 * @param there what it is at the other one; empty: it is not there
 */
public record ViewDifference(String name, String here, String there) {
    /** {@code NAME is HERE here and THERE at site b}. */
    public String words(String there) {
        return name + " is " + shown(here) + " here and " + shown(this.there) + " at " + there;
    }

    private static String shown(String value) {
        return value.isEmpty() ? "absent" : value;
    }
}
