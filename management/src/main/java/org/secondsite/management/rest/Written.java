package org.secondsite.management.rest;

import java.util.Optional;

/**
 * What a request has written.
 *
 * @param created the address of what was not there before, behind that of the data; empty: it was there
 */
record Written(Optional<String> created) {
    static final Written CHANGED = new Written(Optional.empty());

    static Written created(String url) {
        return new Written(Optional.of(url));
    }

    HttpResponse response(Optional<String> tag) {
        HttpResponse response = created.map(url -> HttpResponse.of(201).with("Location", "/restconf/data/" + url))
                .orElseGet(() -> HttpResponse.of(204));
        return tag.map(value -> response.with("ETag", value)).orElse(response);
    }
}
