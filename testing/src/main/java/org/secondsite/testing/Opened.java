package org.secondsite.testing;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** What a test opens: closed after it, the last first. A field with {@code @RegisterExtension}. Used by the test's thread. */
public final class Opened implements AfterEachCallback {
    private final List<AutoCloseable> open = new ArrayList<>();

    /** To be closed after the test. */
    public <T extends AutoCloseable> T add(T closeable) {
        open.add(closeable);
        return closeable;
    }

    @Override
    public void afterEach(ExtensionContext context) throws Exception {
        for (AutoCloseable closeable : open.reversed()) {
            closeable.close();
        }
    }
}
