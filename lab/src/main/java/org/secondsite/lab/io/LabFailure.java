package org.secondsite.lab.io;

import java.io.IOException;

/** A failure that waiting cannot mend. The message is for the person at the terminal. */
public final class LabFailure extends IOException {
    private static final long serialVersionUID = 1L;

    LabFailure(String message) {
        super(message);
    }
}
