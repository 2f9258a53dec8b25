"""HTTP only: read the request, call one act or one hot read, shape the answer."""
