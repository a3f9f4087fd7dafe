/** Concurrent scenes as scripts of named sessions and steps, with waits read from the engine's own lock views. */
package mastery.support.interleave;
