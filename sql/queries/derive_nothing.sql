-- What a connection that derives begins with: the plans of deriving, which take a hundred times as long to make as to run.
SELECT derive_nothing();
