package org.secondsite.net;

/** What an exception has to say, without those that passed it on. */
public final class Causes {
    private Causes() {}

    /** The innermost cause. */
    public static Throwable root(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root;
    }

    /** The message of the innermost cause; if it has none, its kind. */
    public static String words(Throwable failure) {
        Throwable root = root(failure);
        return root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage();
    }
}
