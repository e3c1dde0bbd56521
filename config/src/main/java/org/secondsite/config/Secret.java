package org.secondsite.config;

/** A text that must not get into a log. */
public record Secret(String text) {
    @Override
    public String toString() {
        return "(hidden)";
    }
}
